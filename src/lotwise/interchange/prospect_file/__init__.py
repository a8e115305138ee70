"""A prospect's lots as they come: any delimiter, any header, amounts and dates as people write them, doubts said."""

"""The main job: a book of households and a market in, proposals out."""

"""What can be held: securities, their groups, and their market on one day."""

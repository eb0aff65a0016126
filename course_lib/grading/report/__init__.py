"""What instructors and students read of a class, and the tables that learning platforms import."""

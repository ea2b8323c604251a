"""What tables and pictures of every kind of record share: statistics, text, drawing."""

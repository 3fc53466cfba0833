"""The command line that turns files into live, searchable documents."""

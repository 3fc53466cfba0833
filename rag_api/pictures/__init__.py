"""Pages of the files that documents were read from, as pictures with words marked in them."""

"""From where documents are fetched that are not on this machine: the web, and object stores."""

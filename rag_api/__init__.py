"""The API: retrieves passages for a question and streams a cited answer in several protocols."""

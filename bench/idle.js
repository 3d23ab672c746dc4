// Does nothing: the launcher's memory, and an import, are measured around it.

// Loaded before a server, and does nothing: what any preload costs.

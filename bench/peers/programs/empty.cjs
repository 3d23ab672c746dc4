// An empty preload. It shows the cost that every preload has.

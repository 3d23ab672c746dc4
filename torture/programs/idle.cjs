// The smallest daemon.
setInterval(() => {}, 1e6)

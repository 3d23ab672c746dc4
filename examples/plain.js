// Knows nothing of daimon, and becomes a daemon all the same: see control.js.
let ticks = 0
setInterval(() => console.log(`tick ${++ticks}`), 1_000)

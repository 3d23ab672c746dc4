// Loaded before a script that is a daemon's body, with a flag that the daemon then hides. Workers inherit the flag.

if (Reflect.has(globalThis, Symbol.for('daimon.adopted'))) {
  const { beginScript } = await import('./script.js')
  beginScript()
}

// The environment of a daemon on Windows, where the case of a variable's name does not count.
import test from 'ava'
import { environment, isClean } from '../../build/launcher/program/environment.js'

/** The environment that a daemon has, where this process has these variables. */
function given(t, variables, options = {}, isWindows = true) {
  const before = { ...process.env }
  const replace = (all) => {
    for (const name of Object.keys(process.env)) delete process.env[name]
    Object.assign(process.env, all)
  }
  t.teardown(() => replace(before))
  replace(variables)
  return Object.fromEntries(
    environment({ env: {}, cleanEnv: false, ...options }, { identity: undefined }, '/', isWindows),
  )
}

test.serial('an option replaces or removes a variable that is written otherwise', (t) => {
  const own = { Path: 'a', TEMP: 'b', Other: 'c' }
  const env = { PATH: 'x', other: undefined, Temp: 'y', New: 'z' }
  t.deepEqual(given(t, own, { env }), { Path: 'x', TEMP: 'y', New: 'z' })
  t.deepEqual(given(t, own, { env }, false), { ...own, PATH: 'x', Temp: 'y', New: 'z' })
})

test.serial('flags in NODE_OPTIONS are found however its name is written', (t) => {
  t.deepEqual(given(t, { node_options: '--inspect --no-warnings' }), { NODE_OPTIONS: '--no-warnings' })
  const env = { Node_Options: '--inspect' }
  t.deepEqual(given(t, { NODE_OPTIONS: '--no-warnings' }, { env }), { NODE_OPTIONS: '' })
})

test.serial('what is for the launcher alone is left out however it is written', (t) => {
  const own = { daimon_adoption: 'a', Node_Channel_Fd: '3', Notify_Socket: 'b', OTHER: 'c' }
  t.deepEqual(given(t, own), { OTHER: 'c' })
})

test.serial('cleanEnv leaves what Windows needs', (t) => {
  const own = { Path: 'a', SYSTEMROOT: 'b', windir: 'c', LocalAppData: 'd', SECRET: 'e', PathExt: 'f' }
  const { SECRET, ...rest } = own
  t.deepEqual(given(t, own, { cleanEnv: true }), rest)
  t.deepEqual(given(t, own, { cleanEnv: true }, false), {})
  t.deepEqual([isClean('Path', true), isClean('Path', false), isClean('PATH', false)], [true, false, true])
})

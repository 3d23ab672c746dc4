import { constants } from 'node:os'
import { getSystemErrorName, inspect } from 'node:util'
import test from 'ava'
import { raise, systemError, toError } from '../../build/binding/errors.js'
import * as errors from '../../build/errors.js'
import { needs } from '../helpers/needs.js'

const exported = new Map(Object.entries(errors))

const { DaemonError } = errors

const CLASSES = [
  ['AlreadyRunningError', 'ERR_DAEMON_ALREADY_RUNNING', { pid: 12 }],
  ['NotRunningError', 'ERR_DAEMON_NOT_RUNNING', {}],
  [
    'StartFailedError',
    'ERR_DAEMON_START_FAILED',
    { step: 'exec', exitCode: 1, exitSignal: 'SIGKILL', log: 'tail' },
  ],
  ['ReadyTimeoutError', 'ERR_DAEMON_READY_TIMEOUT', { pid: 12, timeout: 50, log: 'tail' }],
  ['StopTimeoutError', 'ERR_DAEMON_STOP_TIMEOUT', { pid: 12, timeout: 50 }],
  ['PidFileError', 'ERR_DAEMON_PIDFILE', { reason: 'symlink' }],
  ['UnverifiedError', 'ERR_DAEMON_UNVERIFIED', { pid: 12, reason: 'another PID namespace' }],
  ['InvalidOptionError', 'ERR_DAEMON_INVALID_OPTION', { option: 'umask', value: '22' }],
  ['PermissionDeniedError', 'ERR_DAEMON_PERMISSION_DENIED', { pid: 12, syscall: 'kill' }],
  ['UnsupportedError', 'ERR_DAEMON_UNSUPPORTED', { platform: 'aix', feature: 'pidfd' }],
  ['UpgradeInProgressError', 'ERR_DAEMON_UPGRADE_IN_PROGRESS', {}],
]

for (const [name, code, extras] of CLASSES) {
  const Type = exported.get(name)
  test(`${name} has its code, its name and all that it was given`, (t) => {
    const cause = new Error('why')
    const error = new Type('what', { ...extras, pidFile: '/run/x.pid', cause })
    t.true(error instanceof DaemonError)
    t.true(error instanceof Error)
    t.is(error.code, code)
    t.is(error.message, 'what')
    t.is(error.name, name)
    t.false(Object.hasOwn(error, 'name'))
    t.true(error.stack.startsWith(`${name}: what`))
    t.is(error.pidFile, '/run/x.pid')
    t.is(error.cause, cause)
    t.like(error, { ...extras, code })
  })

  test(`${name} has no properties for what is not known`, (t) => {
    const none = Object.fromEntries(Object.keys(extras).map((key) => [key, undefined]))
    for (const error of [
      new Type('what'),
      new Type('what', { ...none, pidFile: undefined, cause: undefined }),
    ]) {
      const own = name === 'UnsupportedError' ? ['code', 'platform'] : ['code']
      t.deepEqual(Object.keys(error).toSorted(), own)
      t.false('cause' in error)
    }
  })

  // What is not ready in time, and what a keeper refuses, the facade finds itself.
  if (name === 'ReadyTimeoutError' || name === 'UpgradeInProgressError') continue
  test(`the binding's ${code} becomes ${name}`, (t) => {
    const native = {
      code,
      message: 'what',
      pid: 12,
      step: 'exec',
      reason: 'symlink',
      unproven: 'another PID namespace',
      option: 'umask',
      path: '22',
      timeout: 50,
    }
    const reason = name === 'UnverifiedError' ? native.unproven : native.reason
    const given = { ...native, reason, value: native.path }
    const error = toError(native, '/run/x.pid')
    t.is(error.constructor, Type)
    t.is(error.code, code)
    t.is(error.message, name === 'InvalidOptionError' ? "Option 'umask': what." : 'what')
    t.is(error.pidFile, '/run/x.pid')
    t.false('cause' in error)
    for (const key of ['pid', 'step', 'reason', 'option', 'value', 'timeout']) {
      if (key in extras) t.is(error[key], given[key], key)
      else t.false(key in error, key)
    }
  })
}

test('every exported class stands in the table', (t) => {
  const classes = [...exported.values()].filter((value) => value.prototype instanceof DaemonError)
  t.deepEqual(classes.map((type) => type.name).toSorted(), CLASSES.map(([name]) => name).toSorted())
})

test('an UnsupportedError knows its platform by itself', (t) => {
  t.is(new errors.UnsupportedError('what').platform, process.platform)
  t.is(new errors.UnsupportedError('what', { platform: undefined }).platform, process.platform)
})

needs('errno of Unix')("a system error of the binding becomes the cause, in Node's own shape", (t) => {
  const native = {
    code: 'ERR_DAEMON_PIDFILE',
    message: 'what',
    errno: constants.errno.EACCES,
    syscall: 'open',
    path: '/x',
  }
  const { cause } = toError(native)
  t.like(cause, { code: 'EACCES', errno: -constants.errno.EACCES, syscall: 'open', path: '/x' })
  t.is(cause.message, "EACCES: permission denied, open '/x'")
})

const ON_WINDOWS = [
  [2, 'ENOENT', 'no such file or directory'],
  [3, 'ENOENT', 'no such file or directory'],
  [4, 'EMFILE', 'too many open files'],
  [5, 'EACCES', 'permission denied'],
  [8, 'ENOMEM', 'not enough memory'],
  [32, 'EBUSY', 'resource busy or locked'],
  [87, 'EINVAL', 'invalid argument'],
  [112, 'ENOSPC', 'no space left on device'],
  [183, 'EEXIST', 'file already exists'],
  [1314, 'EPERM', 'operation not permitted'],
  [10_067, 'UNKNOWN', "Windows' error 10067"],
]

for (const [errno, code, text] of ON_WINDOWS) {
  test(`Windows' error ${errno} has Node's name and number of it, ${code}`, (t) => {
    const error = systemError({ errno, syscall: 'CreateFileW', path: 'C:\\x' }, true)
    t.is(error.message, `${code}: ${text}, CreateFileW 'C:\\x'`)
    t.like(error, { code, syscall: 'CreateFileW', path: 'C:\\x' })
    t.is(getSystemErrorName(error.errno), code)
  })
}

needs('errno of Unix')(
  'a refused system call keeps its name on the PermissionDeniedError itself too',
  (t) => {
    const error = toError({
      code: 'ERR_DAEMON_PERMISSION_DENIED',
      message: 'what',
      errno: constants.errno.EPERM,
      syscall: 'kill',
    })
    t.is(error.syscall, 'kill')
    t.is(error.cause.code, 'EPERM')
  },
)

test('a code of another version of the binding is an UnsupportedError that repeats it', (t) => {
  const error = toError({ code: 'ERR_DAEMON_NEW', message: 'what' })
  t.is(error.code, 'ERR_DAEMON_UNSUPPORTED')
  t.regex(error.message, /ERR_DAEMON_NEW.*what/)
})

test('what an error of its class always has is there whatever the binding tells', (t) => {
  const made = (code) => toError({ code, message: 'what' })
  t.is(made('ERR_DAEMON_UNVERIFIED').reason, 'what')
  t.is(made('ERR_DAEMON_INVALID_OPTION').option, 'options')
  t.is(made('ERR_DAEMON_UNSUPPORTED').feature, 'native binding')
  t.is(made('ERR_DAEMON_UNSUPPORTED').platform, process.platform)
})

test('a StopTimeoutError has no PID that the binding has not told', (t) => {
  const error = toError({ code: 'ERR_DAEMON_STOP_TIMEOUT', message: 'what' })
  t.false('pid' in error)
  t.false('timeout' in error)
})

test('raise throws what toError makes', (t) => {
  const error = t.throws(() => raise({ code: 'ERR_DAEMON_NOT_RUNNING', message: 'what' }, '/run/x.pid'))
  t.true(error instanceof errors.NotRunningError)
  t.is(error.pidFile, '/run/x.pid')
})

needs('errno of Unix')('an error number that Node.js has no text for has its name all the same', (t) => {
  for (const name of ['EDQUOT', 'ENOLCK']) {
    const error = systemError({ errno: constants.errno[name], syscall: 'openat', path: '/x' })
    t.is(error.code, name)
    t.true(error.message.startsWith(`${name}: `), error.message)
    t.true(error.message.endsWith(", openat '/x'"), error.message)
  }
})

test('a system error without path or call says what it knows', (t) => {
  const { ENOENT } = constants.errno
  t.is(systemError({ errno: ENOENT }).message, 'ENOENT: no such file or directory')
  t.is(systemError({ errno: ENOENT, syscall: 'execve' }).message, 'ENOENT: no such file or directory, execve')
  t.false('path' in systemError({ errno: ENOENT }))
  t.false('syscall' in systemError({ errno: ENOENT }))
})

needs('errno of Unix')('a system error is the same whichever sign its number has', (t) => {
  t.is(systemError({ errno: -constants.errno.ENOENT }).errno, -constants.errno.ENOENT)
})

needs('errno of Unix')('a system error that Node has no name for still has its number', (t) => {
  const error = systemError({ errno: 9999, syscall: 'open' })
  t.is(error.errno, -9999)
  t.regex(error.message, /9999.*open/)
})

test('a printed error shows code and extras', (t) => {
  const text = inspect(new errors.AlreadyRunningError('what', { pid: 12 }))
  t.regex(text, /^AlreadyRunningError: what/)
  t.regex(text, /code: 'ERR_DAEMON_ALREADY_RUNNING'/)
  t.regex(text, /pid: 12/)
})

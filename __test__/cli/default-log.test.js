// Where a daemon logs that is told no log.
import { existsSync, statSync } from 'node:fs'
import { Daemon } from '../../dist/index.js'
import { BIN, idle, PLAIN, privately } from '../helpers/cli.js'
import { folder } from '../helpers/index.js'
import { needs } from '../helpers/needs.js'

const NOBODY = 'setpriv --reuid 65534 --clear-groups --regid 65534'

needs('root', 'mount namespaces')(
  'a daemon of root without --log logs to /var/log/daimon/NAME.log',
  async (t) => {
    const place = folder(t)
    const script = place.write('say.mjs', "console.log('x'.repeat(60)); setInterval(() => {}, 1e6)")
    const { code, stdout } = await privately(
      place,
      `umask 077
    daimon start --name web --log-max-size 50 --log-keep 2 ${script} || exit 1
    stat -c '%a %n' /run/daimon /var/log/daimon /var/log/daimon/web.log
    daimon logs web; daimon status web --json
    until [ -e /var/log/daimon/web.log.1 ]; do sleep 0.01; done
    daimon stop web; daimon logs web | grep -c x; ls /var/log/daimon`,
    )
    t.is(code, 0)
    const lines = stdout.split('\n')
    t.deepEqual(lines.slice(0, 4), [
      '755 /run/daimon',
      '755 /var/log/daimon',
      '640 /var/log/daimon/web.log',
      'x'.repeat(60),
    ])
    t.like(JSON.parse(lines[4]), { state: 'running', pidFile: '/run/daimon/web.pid' })
    t.deepEqual(lines.slice(5, 8), ['1', 'web.log', 'web.log.1'])
  },
)

needs('root', 'mount namespaces')('a default log where others can write is refused', async (t) => {
  const place = folder(t)
  const script = idle(place)
  const { stdout, stderr } = await privately(
    place,
    `mkdir -m 777 /var/log/daimon; chmod 777 /var/log/daimon; daimon start --name web ${script}; echo $?
    chmod 755 /var/log/daimon; chown 1 /var/log/daimon; daimon start --name web ${script}; echo $?
    rmdir /var/log/daimon; ln -s ${place.path} /var/log/daimon;
    chown -h 1 /var/log/daimon; daimon start --name web ${script}; echo $?
    rm /var/log/daimon; ln -s nowhere /var/log/daimon; daimon start --name web ${script}; echo $?
    rm /var/log/daimon; echo > /var/log/daimon; daimon start --name web ${script}; echo $?
    daimon list`,
  )
  t.is(stdout, '1\n1\n1\n1\n1\n')
  t.is(stderr.match(/^daimon: .*give --log FILE$/gim).length, 5, stderr)
})

needs('root', 'setpriv')(
  'a daemon of anybody else logs beside its pidfile, in no folder that is made for it',
  async (t) => {
    const place = folder(t)
    const script = idle(place)
    const command = `chmod 777 ${place.path}; mkdir ${place.file('own')}; chown 65534 ${place.file('own')}
    ${NOBODY} ${process.execPath} ${BIN} start --pid-file ${place.file('own/b.pid')} ${script} || exit 1
    ${NOBODY} ${process.execPath} ${BIN} logs --pid-file ${place.file('own/b.pid')} || exit 2
    ${NOBODY} ${process.execPath} ${BIN} start --pid-file ${place.file('none/b.pid')} ${script}; echo $?`
    const { stdout, stderr } = await place.command('sh', ['-c', command], { env: PLAIN })
    t.is(statSync(place.file('own/b.log')).mode & 0o777, 0o640)
    t.false(existsSync(place.file('none')))
    t.is(stdout, '2\n', stderr)
    const { state, pid } = await new Daemon({ pidFile: place.file('own/b.pid') }).status()
    t.is(state, 'running')
    t.is(place.read('own/b.pid'), `${pid}\n`)
  },
)

needs('root', 'mount namespaces')(
  'flags of the program that runs the script work without a --log, too',
  async (t) => {
    const place = folder(t)
    const text = 'console.log(JSON.stringify(process.execArgv)); setInterval(() => {}, 1e6)'
    const flags = `--exec-argv --no-warnings --exec-path ${process.execPath}`
    const { code, stdout, stderr } = await privately(
      place,
      `daimon start --name web ${flags} ${place.write('a.mjs', text)} && daimon logs web && daimon stop web`,
    )
    t.is(code, 0, stderr)
    t.is(stdout, '["--no-warnings"]\n')
  },
)

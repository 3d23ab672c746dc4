/** Clients of WebSockets. */

import { once } from 'node:events'
import { setTimeout as delay } from 'node:timers/promises'
import { inTurn } from './pace.mjs'

/** Conversations of a few messages. */
export async function messages(load, one) {
  const { WebSocket } = await import('ws')
  await inTurn(load, 5, 20, () =>
    one(async () => {
      const socket = new WebSocket(`ws://127.0.0.1:${load.port}`)
      await once(socket, 'open')
      let pid
      for (let message = 0; message < 4; message++) {
        socket.send(`message ${message}`)
        const [heard] = await once(socket, 'message')
        const [, by, text] = /^(\d+) (.*)$/.exec(String(heard)) ?? []
        if (text !== `message ${message}`) throw new Error(`heard ${heard}`)
        pid = by
        await delay(Math.random() * 40)
      }
      socket.close()
      await once(socket, 'close')
      return pid
    }),
  )
}

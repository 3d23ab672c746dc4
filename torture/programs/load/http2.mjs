/** Clients of HTTP/2. */

import { connect, constants } from 'node:http2'
import { inTurn } from './pace.mjs'
import { TLS } from './tls.mjs'

/** What a server has not begun may be asked again, RFC 9113, 8.7. */
const REPEATABLE = constants.NGHTTP2_REFUSED_STREAM

/** Gives the answer of one stream; undefined for one that the server has not begun. */
function ask(session, path) {
  return new Promise((resolve, reject) => {
    const stream = session.request({ ':path': path })
    let text = ''
    let status
    stream.once('response', (headers) => {
      status = headers[':status']
    })
    stream.setEncoding('latin1').on('data', (more) => {
      text += more
    })
    stream.once('error', (error) => (stream.rstCode === REPEATABLE ? resolve(undefined) : reject(error)))
    stream.once('close', () => {
      if (stream.rstCode === REPEATABLE) resolve(undefined)
      else if (status === 200 && text !== '') resolve(text)
      else reject(new Error(`${status} (${text.length}) ${stream.rstCode}`))
    })
    stream.end()
  })
}

const isUsable = (session) => session !== undefined && !session.closed && !session.destroyed

/** Sessions that last until the server ends them, with some streams at once, slow ones among them. */
export async function streams(load, one) {
  const authority = `http${load.isTls ? 's' : ''}://127.0.0.1:${load.port}`
  const clients = Array.from({ length: 3 }, async () => {
    let session
    const request = async (path) => {
      for (;;) {
        if (!isUsable(session)) {
          session = connect(authority, load.isTls ? TLS : {})
          // Its streams tell it, too.
          session.on('error', () => {})
        }
        const answer = await ask(session, path)
        if (answer !== undefined) return answer
      }
    }
    await inTurn(load, 4, 40, () => one(() => request(Math.random() < 0.3 ? '/?ms=60' : '/')))
    session?.close()
  })
  await Promise.all(clients)
}

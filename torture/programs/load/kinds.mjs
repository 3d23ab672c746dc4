/** The kinds of clients. Each runs until the load is over, and resolves when what it has begun has ended. */

import { fresh, kept, large, lazy, post, slow } from './http.mjs'
import { streams } from './http2.mjs'
import { lines, talks } from './net.mjs'
import { messages } from './ws.mjs'

/** By name: `(load, one) => Promise`; `one` makes a request, and notes whether it rejects. */
export const KINDS = { fresh, kept, large, lazy, lines, messages, post, slow, streams, talks }

/**
 * The second version: the same calls, and three request headers in every event. The names below are the whole list: no other
 * header of a request is ever stored.
 */
import { defineApp, header } from 'millrace'
import app from './app.ts'

export default defineApp({
  ...app,
  events: Object.fromEntries(
    Object.entries(app.events ?? {}).map(([name, { fields, ...event }]) => [
      name,
      {
        ...event,
        version: 2,
        subject: header('Host'),
        fields: {
          Host: header('Host'),
          ...fields,
          Accept: header('Accept'),
          'User-Agent': header('User-Agent'),
        },
      },
    ]),
  ),
})

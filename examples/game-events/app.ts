/**
 * What players of a game do, as events: a call makes an event, the event is a record of the topic and a row of a table.
 * `README.md` says what the system had that this one follows.
 */
import { day, defineApp, event, topic, z } from 'millrace'

const text = z.string().max(256)

export default defineApp({
  name: 'game-events',
  port: 5000,

  topics: {
    game_events: topic({
      batch: { rows: 1000, idle: '2s' },
      table: { partitionBy: ['event_type', day('_timestamp')] },
      // Every column that any type has. A field that an event lacks is NULL in its row.
      schema: z.object({
        event_type: text,
        sword_type: text.optional(),
        guild: text.optional(),
        direction: z.enum(['increase', 'reduce']).optional(),
        description: text.optional(),
        Host: z.string().optional(),
        Accept: z.string().optional(),
        'User-Agent': z.string().optional(),
      }),
    }),
  },

  events: {
    default: event({
      topic: 'game_events',
      fields: { event_type: 'default' },
      routes: { 'GET /': '\nThis is the default response!\n' },
    }),
    purchase_sword: event({
      topic: 'game_events',
      fields: { event_type: 'purchase_sword', sword_type: text.optional() },
      routes: {
        'GET /purchase_a_sword': '\nSword Purchased!\n',
        'POST /purchase_a_sword': '\nSword Purchased!\n',
      },
    }),
    purchase_knife: event({
      topic: 'game_events',
      fields: { event_type: 'purchase_knife', description: text.optional() },
      routes: { 'GET /purchase_a_knife': '\nKnife Purchased!\n' },
    }),
    join_guild: event({
      topic: 'game_events',
      fields: { event_type: 'join_guild' },
      routes: { 'GET /join_guild': '\nGuild Joined!\n' },
    }),
    leave_guild: event({
      topic: 'game_events',
      fields: { event_type: 'join_guild', guild: text, direction: 'reduce' },
      routes: { 'DELETE /join_guild/:guild': '\nGuild Left!\n' },
    }),
  },
})

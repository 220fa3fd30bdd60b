/**
 * A streaming course in one file: messages that anybody may send, the words of each ten seconds, and data sets that arrive as
 * messages and become typed rows. Compare `README.md`, which also says what the course had that this follows.
 */
import { count, defineApp, source, sum, topic, unnest, window, words, z } from 'millrace'

export default defineApp({
  name: 'streaming-ml',

  topics: {
    'test-topic': topic({
      // Two, so that two consumers of a group have something to share.
      partitions: 2,
      // Spreads the messages over them; a topic of one source would take its id.
      key: 'time',
      eventTime: 'time',
      schema: z.object({ time: z.int().min(0), msg: z.string() }),
    }),
    'data-topic': topic({
      // Only its rows have a table.
      table: false,
      schema: z.object({
        rows: z
          .array(z.object({ x: z.array(z.number()).length(5), label: z.int().min(0).max(1) }))
          .length(10),
        score: z.number().min(0).max(1),
      }),
    }),
  },

  streams: {
    word_sums: window({
      from: 'test-topic',
      every: '10s',
      lateness: '2s',
      empty: 'zero',
      aggregates: { words: sum(words('msg')), messages: count() },
    }),
    data_rows: unnest({ from: 'data-topic', each: 'rows', take: ['score'] }),
  },

  sources: [source({ topic: 'data-topic', generator: { name: 'matrices', seed: 1 }, rate: 2 })],
})

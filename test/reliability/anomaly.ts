/** What a checker may find, by the names of Jepsen's queue checker and a few of our own. */
export const ANOMALIES = [
  'lost', 'duplicate', 'reordered', 'changed', 'torn', 'gap', 'overlap', 'phantom', 'unopenable', 'stuck', 'refused',
] as const // prettier-ignore

export type AnomalyName = (typeof ANOMALIES)[number]

/** A promise was broken; the message says where and how. */
export class Anomaly extends Error {
  readonly anomaly: AnomalyName

  constructor(anomaly: AnomalyName, what: string) {
    super(`${anomaly}: ${what}`)
    this.name = 'Anomaly'
    this.anomaly = anomaly
  }
}

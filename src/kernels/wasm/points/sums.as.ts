// What is summed up over rows, in double precision.

import { STRIDE, ROWS_AT, WEIGHTS, CLUSTER, DISTANCE, CENTERS, PARTS, COUNT, PART_BYTES, CHOSEN, field } from './job.as'
import { squaredDistance } from './scores.as'

// Squared distance of rows `from` to `to` to their own center.
export function measure(job: usize, from: i32, to: i32, scratch: usize, range: i32): void {
  const stride = load<i32>(job, STRIDE)
  const rowBytes = (<usize>stride) << 2
  const centers = field(job, CENTERS)
  let row = field(job, ROWS_AT) + (<usize>from) * rowBytes
  let cluster = field(job, CLUSTER) + ((<usize>from) << 2)
  let distance = field(job, DISTANCE) + ((<usize>from) << 3)
  for (let r = from; r < to; r++) {
    const center = centers + (<usize>load<i32>(cluster)) * (rowBytes << 1)
    store<f64>(distance, squaredDistance(row, center, stride))
    row += rowBytes
    cluster += 4
    distance += 8
  }
}

// Adds rows `from` to `to` to the sums of part `range`: per cluster Σ v z, Σ v, rows.
export function addUp(job: usize, from: i32, to: i32, scratch: usize, range: i32): void {
  const stride = load<i32>(job, STRIDE)
  const rowBytes = (<usize>stride) << 2
  const sumBytes = (rowBytes << 1) + 16
  const part = field(job, PARTS) + (<usize>range) * field(job, PART_BYTES)
  let row = field(job, ROWS_AT) + (<usize>from) * rowBytes
  let cluster = field(job, CLUSTER) + ((<usize>from) << 2)
  let weight = field(job, WEIGHTS) + ((<usize>from) << 3)
  for (let r = from; r < to; r++) {
    let sum = part + (<usize>load<i32>(cluster)) * sumBytes
    const v = load<f64>(weight)
    const vs = f64x2.splat(v)
    const end = row + rowBytes
    for (; row < end; row += 16) {
      const x = v128.load(row)
      v128.store(sum, f64x2.add(v128.load(sum), f64x2.mul(vs, f64x2.promote_low_f32x4(x))))
      v128.store(
        sum,
        f64x2.add(
          v128.load(sum, 16),
          f64x2.mul(vs, f64x2.promote_low_f32x4(v128.shuffle<i32>(x, x, 2, 3, 2, 3))),
        ),
        16,
      )
      sum += 32
    }
    store<f64>(sum, load<f64>(sum) + v)
    store<f64>(sum, load<f64>(sum, 8) + 1, 8)
    cluster += 4
    weight += 8
  }
}

// For each center the cost of rows `from` to `to` if it joined the others: Σ v · the lesser of DISTANCE and the distance to
// it. Adds to the first COUNT numbers of part `range`.
export function weigh(job: usize, from: i32, to: i32, scratch: usize, range: i32): void {
  const stride = load<i32>(job, STRIDE)
  const rowBytes = (<usize>stride) << 2
  const count = load<i32>(job, COUNT)
  const part = field(job, PARTS) + (<usize>range) * field(job, PART_BYTES)
  let row = field(job, ROWS_AT) + (<usize>from) * rowBytes
  let distance = field(job, DISTANCE) + ((<usize>from) << 3)
  let weight = field(job, WEIGHTS) + ((<usize>from) << 3)
  for (let r = from; r < to; r++) {
    let center = field(job, CENTERS)
    const own = load<f64>(distance)
    const v = load<f64>(weight)
    for (let sum = part, end = part + ((<usize>count) << 3); sum < end; sum += 8) {
      const d = squaredDistance(row, center, stride)
      store<f64>(sum, load<f64>(sum) + v * (d < own ? d : own))
      center += rowBytes << 1
    }
    row += rowBytes
    distance += 8
    weight += 8
  }
}

// Lowers DISTANCE of rows `from` to `to` to the distance to the center CHOSEN, where that is less.
export function lower(job: usize, from: i32, to: i32, scratch: usize, range: i32): void {
  const stride = load<i32>(job, STRIDE)
  const rowBytes = (<usize>stride) << 2
  const center = field(job, CENTERS) + field(job, CHOSEN) * (rowBytes << 1)
  let row = field(job, ROWS_AT) + (<usize>from) * rowBytes
  let distance = field(job, DISTANCE) + ((<usize>from) << 3)
  for (let r = from; r < to; r++) {
    const d = squaredDistance(row, center, stride)
    if (d < load<f64>(distance)) store<f64>(distance, d)
    row += rowBytes
    distance += 8
  }
}

/**
 * A computation graph in the ONNX format, as the messages of `onnx.proto` (IR version 10) that an export needs. Numbers beside
 * the fields are those of that file.
 */
import { BinaryWriter, WireType } from '@bufbuild/protobuf/wire'

/** What IR version 10 goes with: `docs/Versioning.md` of the ONNX repository. */
const IR_VERSION = 10
const OPSETS = { '': 21, 'ai.onnx.ml': 5 } as const

const elementTypes = { uint8: 2, int64: 7, string: 8, bool: 9, double: 11 } as const
export type ElementType = keyof typeof elementTypes

export type OnnxTensor =
  | { readonly type: 'double'; readonly shape: readonly number[]; readonly data: Float64Array }
  | { readonly type: 'uint8'; readonly shape: readonly number[]; readonly data: Uint8Array }
  | { readonly type: 'int64'; readonly shape: readonly number[]; readonly data: BigInt64Array }
  | { readonly type: 'string'; readonly shape: readonly number[]; readonly data: readonly string[] }

export type OnnxAttribute = number | readonly number[] | readonly string[] | OnnxTensor

export interface OnnxValue {
  readonly name: string
  readonly type: ElementType
  /** `n` is the number of rows. */
  readonly shape: readonly (number | 'n')[]
}

export interface OnnxGraph {
  readonly name: string
  readonly inputs: readonly OnnxValue[]
  readonly outputs: readonly OnnxValue[]
  readonly metadata: Readonly<Record<string, string>>
}

type Message = (writer: BinaryWriter) => void

/** Nodes in the order in which they are computed; each has one output, whose name is returned. */
export class OnnxBuilder {
  readonly #nodes: Message[] = []
  readonly #constants: Message[] = []
  #names = 0

  /** Whole numbers of `attributes` are written as int64, as every attribute used here is. */
  node(
    type: string,
    inputs: readonly string[],
    attributes: Readonly<Record<string, OnnxAttribute>> = {},
    domain: keyof typeof OPSETS = '',
  ): string {
    const output = this.#name(type)
    this.#nodes.push((writer) => {
      for (const input of inputs) writer.tag(1, WireType.LengthDelimited).string(input)
      writer.tag(2, WireType.LengthDelimited).string(output)
      writer.tag(3, WireType.LengthDelimited).string(output)
      writer.tag(4, WireType.LengthDelimited).string(type)
      for (const [name, value] of Object.entries(attributes)) {
        nested(writer, 5, (own) => writeAttribute(own, name, value))
      }
      if (domain !== '') writer.tag(7, WireType.LengthDelimited).string(domain)
    })
    return output
  }

  constant(tensor: OnnxTensor): string {
    const name = this.#name('constant')
    this.#constants.push((writer) => writeTensor(writer, tensor, name))
    return name
  }

  scalar = (value: number): string =>
    this.constant({ type: 'double', shape: [], data: Float64Array.of(value) })

  /** Gives a result the name of an output. */
  output(result: string, name: string): void {
    this.#nodes.push((writer) => {
      writer.tag(1, WireType.LengthDelimited).string(result)
      writer.tag(2, WireType.LengthDelimited).string(name)
      writer.tag(4, WireType.LengthDelimited).string('Identity')
    })
  }

  finish({ name, inputs, outputs, metadata }: OnnxGraph): Uint8Array {
    const writer = new BinaryWriter()
    writer.tag(1, WireType.Varint).int64(IR_VERSION)
    writer.tag(2, WireType.LengthDelimited).string('millrace')
    nested(writer, 7, (graph) => {
      for (const node of this.#nodes) nested(graph, 1, node)
      graph.tag(2, WireType.LengthDelimited).string(name)
      for (const constant of this.#constants) nested(graph, 5, constant)
      for (const input of inputs) nested(graph, 11, (own) => writeValue(own, input))
      for (const output of outputs) nested(graph, 12, (own) => writeValue(own, output))
    })
    for (const [domain, version] of Object.entries(OPSETS)) {
      nested(writer, 8, (own) => {
        own.tag(1, WireType.LengthDelimited).string(domain)
        own.tag(2, WireType.Varint).int64(version)
      })
    }
    for (const [key, value] of Object.entries(metadata)) {
      nested(writer, 14, (own) => {
        own.tag(1, WireType.LengthDelimited).string(key)
        own.tag(2, WireType.LengthDelimited).string(value)
      })
    }
    return writer.finish()
  }

  #name(of: string): string {
    this.#names += 1
    return `${of}_${this.#names}`
  }
}

function nested(writer: BinaryWriter, field: number, write: Message): void {
  writer.tag(field, WireType.LengthDelimited).fork()
  write(writer)
  writer.join()
}

/** AttributeProto; `type` says which of its fields holds the value. */
function writeAttribute(writer: BinaryWriter, name: string, value: OnnxAttribute): void {
  writer.tag(1, WireType.LengthDelimited).string(name)
  const type = (number: number): unknown => writer.tag(20, WireType.Varint).int32(number)
  if (typeof value === 'number') {
    writer.tag(3, WireType.Varint).int64(value)
    type(2)
  } else if (!isList(value)) {
    nested(writer, 5, (own) => writeTensor(own, value, name))
    type(4)
  } else if (typeof value[0] === 'string') {
    for (const text of value) writer.tag(9, WireType.LengthDelimited).string(String(text))
    type(8)
  } else {
    for (const whole of value) writer.tag(8, WireType.Varint).int64(Number(whole))
    type(7)
  }
}

const isList = (value: OnnxAttribute): value is readonly number[] | readonly string[] =>
  Array.isArray(value)

function writeTensor(writer: BinaryWriter, tensor: OnnxTensor, name: string): void {
  for (const length of tensor.shape) writer.tag(1, WireType.Varint).int64(length)
  writer.tag(2, WireType.Varint).int32(elementTypes[tensor.type])
  if (tensor.type === 'string') {
    for (const text of tensor.data) writer.tag(6, WireType.LengthDelimited).string(text)
  }
  writer.tag(8, WireType.LengthDelimited).string(name)
  if (tensor.type === 'string') return
  const { buffer, byteOffset, byteLength } = tensor.data
  // Raw data is little-endian, as are the machines that Node runs on.
  writer.tag(9, WireType.LengthDelimited).bytes(new Uint8Array(buffer, byteOffset, byteLength))
}

function writeValue(writer: BinaryWriter, { name, type, shape }: OnnxValue): void {
  writer.tag(1, WireType.LengthDelimited).string(name)
  nested(writer, 2, (typeProto) =>
    nested(typeProto, 1, (tensor) => {
      tensor.tag(1, WireType.Varint).int32(elementTypes[type])
      nested(tensor, 2, (dimensions) => {
        for (const length of shape) {
          nested(dimensions, 1, (dimension) => {
            if (length === 'n') dimension.tag(2, WireType.LengthDelimited).string(length)
            else dimension.tag(1, WireType.Varint).int64(length)
          })
        }
      })
    }),
  )
}

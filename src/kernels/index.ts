export {
  JsonScanner,
  type JsonFault,
  type JsonFaultCode,
  type JsonScan,
  type JsonScanOptions,
} from './json-scan.ts'
export { crc32c } from './crc32c.ts'
export { murmur2 } from './murmur2.ts'

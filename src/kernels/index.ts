export {
  JsonScanner,
  type JsonFault,
  type JsonFaultCode,
  type JsonScan,
  type JsonScanOptions,
} from './json-scan.ts'

import { defineErrors } from '../core/index.ts'

export const apiError = defineErrors({
  API_BAD_REQUEST: {
    status: 400,
    retryable: false,
    title: 'The request is not HTTP as it should be',
  },
  API_INVALID_BODY: { status: 400, retryable: false, title: 'The body cannot be read' },
  API_FOREIGN_HOST: {
    status: 403,
    retryable: false,
    title: 'The Host header names another server',
  },
  API_FOREIGN_ORIGIN: {
    status: 403,
    retryable: false,
    title: 'A page of another origin may not change anything here',
  },
  API_RESERVED_TOPIC: { status: 403, retryable: false, title: 'The topic belongs to Millrace' },
  API_UNKNOWN_ROUTE: { status: 404, retryable: false, title: 'There is no such route' },
  API_UNKNOWN_RESOURCE: { status: 404, retryable: false, title: 'There is no such thing' },
  API_METHOD_NOT_ALLOWED: {
    status: 405,
    retryable: false,
    title: 'The route does not know this method',
  },
  API_REQUEST_TIMEOUT: {
    status: 408,
    retryable: true,
    title: 'The request did not arrive in time',
  },
  API_ALIAS_IN_USE: { status: 409, retryable: false, title: 'The alias is what serves' },
  API_NO_ATTRIBUTION: {
    status: 409,
    retryable: false,
    title: 'The recommender does not say by what its lists are answered',
  },
  API_NO_ROWS: { status: 409, retryable: false, title: 'The model does not answer rows' },
  API_NO_HORIZON: { status: 409, retryable: false, title: 'The model does not look ahead' },
  API_NO_CLUSTERS: { status: 409, retryable: false, title: 'The model is no clusterer' },
  API_TOPIC_IN_USE: { status: 409, retryable: false, title: 'The app declares the topic' },
  API_NOT_LOOPBACK: {
    status: 409,
    retryable: false,
    title: 'Listening beyond this machine without keys',
  },
  API_PORT_IN_USE: { status: 409, retryable: true, title: 'The port is taken' },
  API_BODY_TOO_LARGE: { status: 413, retryable: false, title: 'The body is larger than the limit' },
  API_TOO_MANY_ROWS: { status: 413, retryable: false, title: 'There are more rows than the limit' },
  API_URI_TOO_LONG: { status: 414, retryable: false, title: 'The URL is longer than the limit' },
  API_UNSUPPORTED_CHARSET: {
    status: 415,
    retryable: false,
    title: 'Only UTF-8 is understood',
  },
  API_UNSUPPORTED_ENCODING: {
    status: 415,
    retryable: false,
    title: 'The content encoding is not supported here',
  },
  API_UNSUPPORTED_MEDIA_TYPE: {
    status: 415,
    retryable: false,
    title: 'The content type is not supported here',
  },
  API_HEADERS_TOO_LARGE: {
    status: 431,
    retryable: false,
    title: 'There are more or larger headers than the limit',
  },
  API_INTERNAL: { status: 500, retryable: false, title: 'Something went wrong inside Millrace' },
  API_OVERLOADED: { status: 503, retryable: true, title: 'Too much of this is under way' },
})

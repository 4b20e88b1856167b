/** One step of a build as BuildKit tells of it; the same digest comes again as it goes on. */
export interface Vertex {
  digest: string;
  name: string;
  cached: boolean;
  /** Seconds since 1970. */
  started: number | undefined;
  completed: number | undefined;
  /** Empty where nothing failed. */
  error: string;
}

export interface Trace {
  vertexes: Vertex[];
  logs: { vertex: string; text: Buffer }[];
}

/**
 * What BuildKit says between the lines of the Engine's answer (`moby.buildkit.trace`): base64 of the protobuf message
 * StatusResponse (buildkit, api/services/control/control.proto). Only the fields that a reader needs are read; others are
 * skipped, so a newer BuildKit does no harm. Throws a RangeError on what is no protobuf.
 */
export function decodeTrace(base64: string): Trace {
  const trace: Trace = { vertexes: [], logs: [] };
  for (const { field, bytes } of fieldsOf(Buffer.from(base64, "base64"))) {
    if (field === 1) trace.vertexes.push(vertexOf(bytes));
    if (field === 3) trace.logs.push(logOf(bytes));
  }
  return trace;
}

function vertexOf(message: Buffer): Vertex {
  const vertex: Vertex = { digest: "", name: "", cached: false, started: undefined, completed: undefined, error: "" };
  for (const { field, bytes, number } of fieldsOf(message)) {
    if (field === 1) vertex.digest = bytes.toString();
    if (field === 3) vertex.name = bytes.toString();
    if (field === 4) vertex.cached = number !== 0;
    if (field === 5) vertex.started = secondsOf(bytes);
    if (field === 6) vertex.completed = secondsOf(bytes);
    if (field === 7) vertex.error = bytes.toString();
  }
  return vertex;
}

function logOf(message: Buffer): Trace["logs"][number] {
  const log: Trace["logs"][number] = { vertex: "", text: Buffer.alloc(0) };
  for (const { field, bytes } of fieldsOf(message)) {
    if (field === 1) log.vertex = bytes.toString();
    if (field === 4) log.text = bytes;
  }
  return log;
}

/** google.protobuf.Timestamp: seconds and nanoseconds. */
function secondsOf(message: Buffer): number {
  let seconds = 0;
  for (const { field, number } of fieldsOf(message)) seconds += field === 1 ? number : field === 2 ? number / 1e9 : 0;
  return seconds;
}

interface Field {
  field: number;
  /** Of a varint field. */
  number: number;
  /** Of a length-delimited field. */
  bytes: Buffer;
}

const fixedSizes: Readonly<Record<number, number>> = { 1: 8, 5: 4 };

/** The fields of one protobuf message, in the order of the wire. */
function* fieldsOf(message: Buffer): Generator<Field> {
  const none = Buffer.alloc(0);
  for (let at = 0; at < message.length; ) {
    const tag = varintAt(message, at);
    const field = Math.floor(tag.value / 8);
    const wireType = tag.value % 8;
    at = tag.end;
    if (wireType === 0) {
      const { value, end } = varintAt(message, at);
      yield { field, number: value, bytes: none };
      at = end;
      continue;
    }
    const length = wireType === 2 ? varintAt(message, at) : { value: fixedSizes[wireType] ?? Number.NaN, end: at };
    const end = length.end + length.value;
    if (!(end <= message.length)) throw new RangeError(`no protobuf message: field ${field}, wire type ${wireType}`);
    yield { field, number: 0, bytes: message.subarray(length.end, end) };
    at = end;
  }
}

function varintAt(message: Buffer, start: number): { value: number; end: number } {
  let value = 0;
  for (let at = start, factor = 1; at < start + 10; at++, factor *= 128) {
    const byte = message[at];
    if (byte === undefined) break;
    value += (byte % 128) * factor;
    if (byte < 128) return { value, end: at + 1 };
  }
  throw new RangeError("no protobuf message: a number that does not end");
}

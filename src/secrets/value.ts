import { inspect } from "node:util";

/** A secret value. However it is printed, joined, serialised or inspected it shows `[secret]`; only `reveal` tells it. */
export interface Secret {
  reveal(): string;
  toString(): string;
  toJSON(): string;
}

export const mask = "[secret]";

export const secret = (value: string): Secret =>
  Object.freeze({
    reveal: () => value,
    toString: () => mask,
    toJSON: () => mask,
    [Symbol.toPrimitive]: () => mask,
    [inspect.custom]: () => mask,
  });

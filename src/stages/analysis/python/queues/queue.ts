/** A library by which a program hands work to processes of their own. */
export interface Queue {
  name: string;
  packages: string[];
  /** What its application is an instance of; the workers are started on it. */
  app: { module: RegExp; called: RegExp };
  /** `module` and `object` as in `module:object`; `text` is the file that has it. */
  start(app: { module: string; object: string; text: string }): string;
}

interface ImportMetaEnv {
  /** The heading of the page. */
  readonly VITE_TITLE?: string;
}

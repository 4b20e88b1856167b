/** What programs of images that begin as root use before they become another user, and no more. */
export const rootCapabilities = ["CHOWN", "DAC_OVERRIDE", "FOWNER", "NET_BIND_SERVICE", "SETGID", "SETUID"];

/** null: the image says, and most that say nothing begin as root. */
export const beginsAsRoot = (user: string | null): boolean => user === null || /^(?:root|0)(?::|$)/.test(user);

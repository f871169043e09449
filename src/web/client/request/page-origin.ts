/** The origin of this page as commands have it: a host, with its scheme if that is not HTTP. */
export const pageOrigin = location.protocol === 'https:' ? location.origin : location.host;

/** A beacon on its way to the collector; the README says what each field is. */
export interface Beacon {
  /** Absent for what the snippet tells by another field: page views, engagement, links, files and forms. */
  n?: string;
  u: string;
  [field: string]: unknown;
}

export interface Options {
  /** The site, as in the collector's settings; absent: the page's host. */
  domain?: string;
  /** Where the collector is, such as `https://stats.example.com`. */
  collector: string;
  /** Where beacons go: an address, or a path on the collector's host; absent: `/api/event`. */
  api?: string;
  /** Pages are told apart by their `#fragment` as well. */
  hash?: boolean;
  /** No page view but those that `footfall("pageview")` asks for. */
  manual?: boolean;
  /** Automated browsers and localhost count too. */
  test?: boolean;
  /** Paths that do not count: `*` is any part of a path without a slash, `**` any part of it. */
  exclude?: string | string[];
  /** Changes a beacon before it leaves, or drops it by returning nothing. One that throws drops it too. */
  transform?: (beacon: Beacon) => Beacon | null | undefined | false;
}

export interface EventOptions {
  props?: Record<string, string | number | boolean>;
  revenue?: { currency: string; amount: number | string };
  /** false: does not undo a bounce. */
  interactive?: boolean;
  /** With manual page views: the address to count in place of the window's. */
  url?: string;
}

/** Start to count. The first call counts; later ones do nothing. */
export function start(options: Options): void;

/** Count an event. Before `start` it waits; it does nothing on a server. */
export function footfall(name: string, options?: EventOptions): void;

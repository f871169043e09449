/** What the server tells the demo. */
export interface ExpressListening {
  readonly port: number;
}

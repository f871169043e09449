/** What the service of `/aftermath` and its clients agree on. */
export const AFTERMATH = {
  /** Requests in flight when the service fails. */
  requests: 20,
  /** From the arrival of the last of them to their responses. */
  workMs: 300,
  /** How long the service blocks its event loop. */
  blockMs: 600,
} as const;

export interface AftermathMessage {
  readonly port?: number;
  /** Requests that have arrived. */
  readonly working?: number;
}

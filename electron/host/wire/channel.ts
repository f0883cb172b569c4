/**
 * One connection, message by message, in order, over whatever transport. Implementations bound the size of what they take in:
 * a message beyond it ends the connection.
 */
export interface Channel {
  /** Texts of a closed channel are dropped. */
  send(text: string): void;
  /** To be called once, before the first message can have come: from then on messages flow. */
  open(handlers: ChannelHandlers): void;
  /** Bytes that the other side has not taken yet. */
  buffered(): number;
  /** Ends the connection after what was sent has left. Safe to call twice. */
  close(): void;
  /** Ends the connection at once. */
  destroy(): void;
}

export interface ChannelHandlers {
  readonly message: (text: string) => void;
  /** Called once, when nothing more will come, with why in words. */
  readonly closed: (why: string) => void;
}

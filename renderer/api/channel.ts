/** One way to the host, text by text, in order. */
export interface HostChannel {
  /** What the greeting states. */
  readonly version: string;
  /** What the greeting shows, where the way itself does not prove who greets. */
  readonly token?: string;
  /** Texts of a closed channel are dropped. */
  send(text: string): void;
  close(): void;
}

export interface ChannelHandlers {
  readonly message: (text: string) => void;
  /** Called once where the channel was open, with why where that is known. */
  readonly closed: (why: string | undefined) => void;
}

/** What differs between a page in a browser and one in the desktop application. */
export interface LinkWorld {
  /** Opens a channel; messages come after the first text was sent. Throws `HostError`: `transport.closed` where another try may help. */
  open(handlers: ChannelHandlers): Promise<HostChannel>;
}

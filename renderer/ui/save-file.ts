/** Gives a text to the person as a file of that name, where the browser keeps what it was given. */
export function saveFile(name: string, type: string, text: string): void {
  const address = URL.createObjectURL(new Blob([text], { type }));
  const link = document.createElement('a');
  link.href = address;
  link.download = name;
  link.click();
  // The browser has taken it by the time that this turn has ended.
  setTimeout(() => URL.revokeObjectURL(address), 0);
}

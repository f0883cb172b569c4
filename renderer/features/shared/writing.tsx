import { useAnswer } from '../../api/host.tsx';
import { Button } from '../../ui/button.tsx';
import type { ButtonProps } from '../../ui/button.tsx';

/** Why nothing can be written into the repository; undefined where it can. */
export function useReadOnly(): string | undefined {
  return useAnswer('status', {}).data?.repository?.readOnly === true ? 'The repository can only be read' : undefined;
}

/** A button whose act writes into the repository: off, with the reason, where that can only be read. */
export function WriteButton({ disabled = false, title, ...rest }: ButtonProps) {
  const readOnly = useReadOnly();
  return <Button disabled={disabled || readOnly !== undefined} title={readOnly ?? title} {...rest} />;
}

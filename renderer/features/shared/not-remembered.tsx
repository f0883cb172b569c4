import { useAnswer } from '../../api/host.tsx';

/** Says so where this machine has no place that keeps secrets: a Linux without a keyring. */
export function NotRemembered() {
  const finding = useAnswer('doctor', {}).data?.findings.find((one) => one.area === 'secrets');
  return finding === undefined || finding.state === 'good' ? null : <p className="text-s text-ink-2">{finding.statement}</p>;
}

/**
 * Completion scripts. Each hands the words typed so far to `belay __complete`, the word being typed last, and takes one
 * candidate a line; where there is none, the shell completes file names.
 */
export const shells = ['bash', 'zsh', 'fish'] as const;

export function completionScript(shell: (typeof shells)[number]): string {
  switch (shell) {
    case 'bash':
      return bash;
    case 'zsh':
      return zsh;
    case 'fish':
      return fish;
  }
}

// Bash splits words at `:`, which snapshot names hold: the line is split at spaces here, and what stands before the last
// colon is taken off each candidate again.
const bash = `# belay completion for bash. Load it with: source <(belay completion bash)
_belay_complete() {
  local line=\${COMP_LINE:0:COMP_POINT} words candidate current head=
  read -r -a words <<< "$line"
  [[ $line == *[[:space:]] ]] && words+=('')
  current=\${words[\${#words[@]}-1]}
  [[ $current == *:* ]] && head=\${current%"\${current##*:}"}
  COMPREPLY=()
  while IFS= read -r candidate; do
    candidate=\${candidate#"$head"}
    COMPREPLY+=("$(printf '%q' "$candidate")")
  done < <("\${words[0]}" __complete -- "\${words[@]:1}" 2>/dev/null)
}
complete -o default -F _belay_complete belay ./belay
`;

const zsh = `#compdef belay
# belay completion for zsh. Load it with: source <(belay completion zsh)
_belay() {
  local -a candidates
  candidates=("\${(@f)$("\${words[1]}" __complete -- "\${(@)words[2,CURRENT]}" 2>/dev/null)}")
  candidates=(\${candidates:#})
  if (( \${#candidates} )); then
    compadd -a candidates
  else
    _files
  fi
}
compdef _belay belay
`;

const fish = `# belay completion for fish. Load it with: belay completion fish | source
function __belay_complete
  set -l words (commandline -opc) (commandline -ct)
  set -l candidates ($words[1] __complete -- $words[2..-1] 2>/dev/null)
  if test (count $candidates) -gt 0
    printf '%s\\n' $candidates
  else
    __fish_complete_path (commandline -ct)
  end
end
complete -c belay -f -a '(__belay_complete)'
`;

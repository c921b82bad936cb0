/**
 * What each shell runs when TAB is pressed. The line that is being typed reaches orc as data: nothing of it, and nothing that orc
 * answers, is evaluated.
 */

export const shells = ['bash', 'zsh', 'fish'] as const;
export type Shell = (typeof shells)[number];

const bash = `# bash completion for orc: source <(orc completion bash)
_orc_complete() {
  local line kind=
  COMPREPLY=()
  while IFS= read -r line; do
    if [[ -z $kind ]]; then kind=$line; else COMPREPLY+=("$line"); fi
  done < <(orc __complete bash "\${COMP_TYPE:-9}" "$COMP_WORDBREAKS" "\${COMP_LINE:0:COMP_POINT}" 2>/dev/null </dev/null)
  case $kind in
    files) compopt -o default 2>/dev/null ;;
    dirs) compopt -o dirnames 2>/dev/null ;;
    *) compopt -o nosort 2>/dev/null ;;
  esac
  return 0
}
complete -F _orc_complete orc git-orc
# For \`git orc\`, where git's own completion is in use.
_git_orc() { _orc_complete; }
`;

const zsh = `#compdef orc git-orc
# zsh completion for orc: source <(orc completion zsh), after compinit
_orc() {
  local line value
  local -a lines candidates
  lines=("\${(@f)$(orc __complete zsh "\${(@Q)words[2,CURRENT-1]}" "\${(Q)PREFIX}" 2>/dev/null </dev/null)}")
  case $lines[1] in
    files) _files; return ;;
    dirs) _files -/; return ;;
  esac
  for line in "\${(@)lines[2,-1]}"; do
    value=\${line%%$'\\t'*}
    value=\${value//\\\\/\\\\\\\\}
    value=\${value//:/\\\\:}
    if [[ $line == *$'\\t'* ]]; then candidates+=("$value:\${line#*$'\\t'}"); else candidates+=("$value"); fi
  done
  (( $#candidates )) && _describe -V orc candidates
}
# For \`git orc\`.
_git-orc() { _orc; }
if [[ $funcstack[1] == _orc ]]; then
  _orc "$@"
elif (( $+functions[compdef] )); then
  compdef _orc orc git-orc
fi
`;

const fish = `# fish completion for orc: orc completion fish | source
function __orc_complete
    set -l lines (orc __complete fish (commandline -pc | string collect) 2>/dev/null </dev/null)
    switch "$lines[1]"
        case files
            __fish_complete_path (commandline -ct)
        case dirs
            __fish_complete_directories (commandline -ct) ''
        case words
            set -e lines[1]
            if test (count $lines) -gt 0
                printf '%s\\n' $lines
            end
    end
end
complete -c orc -f -k -a '(__orc_complete)'
complete -c git-orc -f -k -a '(__orc_complete)'
`;

export const scripts: Readonly<Record<Shell, string>> = { bash, zsh, fish };

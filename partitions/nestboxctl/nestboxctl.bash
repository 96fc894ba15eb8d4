# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# Completion of nestboxctl's words: source it, or copy it to /usr/share/bash-completion/completions/nestboxctl.
_nestboxctl() {
	local words="" word=${COMP_WORDS[COMP_CWORD]}
	case $COMP_CWORD,${COMP_WORDS[1]},${COMP_WORDS[2]:-} in
	1,*) words="update keyring status slots exits nested confirm rollback help" ;;
	2,update,*) words="install status log" ;;
	2,keyring,*) words="install" ;;
	2,nested,*) words="--json" ;;
	3,update,install | 3,keyring,install)
		mapfile -t COMPREPLY < <(compgen -f -- "$word")
		return
		;;
	esac
	mapfile -t COMPREPLY < <(compgen -W "$words" -- "$word")
}
complete -F _nestboxctl nestboxctl

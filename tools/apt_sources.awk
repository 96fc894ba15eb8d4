# SPDX-License-Identifier: Apache-2.0
#
# Reads apt source files, classic (.list) and deb822 (.sources), and prints, for
# each `deb` source that carries suite `from`, one-line deb and deb-src entries
# for suite `suite` on the same mirror with the same options.  When `suite` is
# `from` itself, its -updates and -security companions are kept too.

function wanted(name) {
	if (name == from)
		return 1
	return suite == from && (name == from "-updates" || name == from "-security")
}

function emit(options, uri, name, components,    target) {
	target = name
	if (suite != from) {
		target = suite
		gsub(from, suite, uri)
	}
	printf "deb%s %s %s %s\n", options, uri, target, components
	if (suite != from)
		printf "deb-src%s %s %s %s\n", options, uri, target, components
}

function flush_stanza(    options, u, s, i, j, nu, ns) {
	if (field["types"] ~ /(^| )deb( |$)/ && field["enabled"] !~ /^(no|false|0)$/) {
		options = ""
		if (field["signed-by"] != "" && field["signed-by"] !~ /BEGIN PGP/)
			options = " [signed-by=" field["signed-by"] "]"
		if (field["trusted"] ~ /^(yes|true|1)$/)
			options = " [trusted=yes]"
		nu = split(field["uris"], u, " ")
		ns = split(field["suites"], s, " ")
		for (i = 1; i <= nu; i++)
			for (j = 1; j <= ns; j++)
				if (wanted(s[j]))
					emit(options, u[i], s[j], field["components"])
	}
	delete field
	key = ""
}

FNR == 1 { if (deb822) flush_stanza(); deb822 = (FILENAME ~ /\.sources$/) }

/^[ \t]*#/ { next }

!deb822 && $1 == "deb" {
	options = ""
	line = $0
	sub(/^[ \t]*deb[ \t]+/, "", line)
	if (line ~ /^\[/) {
		options = " " substr(line, 1, index(line, "]"))
		line = substr(line, index(line, "]") + 1)
	}
	sub(/[ \t]*#.*/, "", line)
	n = split(line, word, " ")
	components = ""
	for (i = 3; i <= n; i++)
		components = components (i > 3 ? " " : "") word[i]
	if (wanted(word[2]))
		emit(options, word[1], word[2], components)
	next
}

deb822 && /^[ \t]*$/ { flush_stanza(); next }

deb822 && /^[ \t]/ { sub(/^[ \t]+/, ""); field[key] = field[key] " " $0; next }

deb822 {
	key = tolower($1)
	sub(/:.*/, "", key)
	sub(/^[^:]*:[ \t]*/, "")
	field[key] = $0
}

END { if (deb822) flush_stanza() }

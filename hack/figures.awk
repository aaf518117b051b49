# Turns the metrics of Go benchmarks into figures, a line each:
# name, value, unit, target, pass or fail.
#
# The first file lists the figures, tab-separated: figure, benchmark, the metric
# as the benchmark reports it, unit, <= or >=, target. The second is the output
# of `go test -bench`.

BEGIN { FS = OFS = "\t" }

NR == FNR {
	if ($0 !~ /^#/ && NF == 6) {
		figures[$2, $3] = $1
		unit[$2, $3] = $4
		bound[$2, $3] = $5
		target[$2, $3] = $6
	}
	next
}

/^Benchmark/ {
	n = split($0, field, /[ \t]+/)
	sub(/-[0-9]+$/, "", field[1])
	for (i = 3; i < n; i += 2) {
		key = field[1] SUBSEP field[i + 1]
		if (key in figures) {
			ok = bound[key] == "<=" ? field[i] + 0 <= target[key] + 0 : field[i] + 0 >= target[key] + 0
			print figures[key], field[i], unit[key], bound[key] " " target[key], ok ? "pass" : "fail"
		}
	}
}

/^(--- FAIL|FAIL|panic)/ { print > "/dev/stderr" }

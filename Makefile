# The tasks are in tasks.py; make is a shorter way to type them.

.PHONY: demo hostdemo test lint types docs bench hostbench soak mutants alarms freeze clean

demo hostdemo test lint types docs bench hostbench soak mutants alarms freeze clean:
	python3 tasks.py $@

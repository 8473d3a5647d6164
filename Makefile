# The tasks are in tasks.py; make is a shorter way to type them.

.PHONY: demo test lint types docs bench hostbench soak freeze clean

demo test lint types docs bench hostbench soak freeze clean:
	python3 tasks.py $@

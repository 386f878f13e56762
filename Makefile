# The commands of a developer. ./run and ./test need nothing but bash and apt; these need tools/setup.
.DEFAULT_GOAL := help
.PHONY: help build test check format layout lint tidy bench soak clean

cpp_files = $(shell find src tests bench cmake -name '*.cc' -o -name '*.h' 2>/dev/null)

help: ## This list
	@sed -n 's/^\([a-z]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | expand -t 10

build: ## The optimised program, build/verihook
	@cmake --preset release
	@cmake --build --preset release --target verihook
	@ln -sfn release/verihook build/verihook

test: ## Everything that must pass before a commit is pushed
	@./test

check: layout lint tidy ## Layout, layers, words, headers, clang-tidy: what needs no run of the program

format: ## Brings every C++ file into the layout of .clang-format
	@clang-format-19 -i $(cpp_files)

layout:
	@clang-format-19 --dry-run -Werror $(cpp_files)

lint: build/asan/compile_commands.json
	@tools/lint --all

tidy: build/asan/compile_commands.json
	@tools/tidy

bench: ## The benchmarks, one file per question; results in bench/README.md
	@tools/setup bench
	@bench/run

soak: ## What is too long for a test run: simulated lives, kills, oracles, hostile endpoints, fuzzing
	@tests/soak

clean: ## Removes everything that was built
	@rm -rf build lists/node_modules web/node_modules

build/asan/compile_commands.json:
	@cmake --preset asan

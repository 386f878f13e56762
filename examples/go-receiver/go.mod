module verihook.example/receiver

go 1.19

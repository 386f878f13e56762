// A webhook receiver for verihook in Go, with the standard library alone.
//
//	WEBHOOK_SECRET=whsec_… go run .                     listens on http://127.0.0.1:3000/
//	PORT=0 HOST=0.0.0.0 EVENTS_FILE=events.jsonl        other places; 0 takes a free port
//
// What it shows, in the order in which it matters:
//  1. The signature is checked over the raw bytes of the body, before anything parses them.
//  2. A body whose timestamp is more than 300 seconds off is refused: it may be a replay.
//  3. An event is written to disk before it is acknowledged, and known by its webhook_id
//     afterwards: deliveries are repeated until one is acknowledged, so each may come twice.
//  4. The work is done after the answer, so that a slow database does not make the sender retry.
package main

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"strings"
	"sync"
	"time"
)

const (
	bodyBytesMax = 1 << 20
	tolerance    = 300 * time.Second
	queueLength  = 1024
)

// Event holds the members that every payload begins with; `body` is all of it.
type Event struct {
	Type      string `json:"event_type"`
	WebhookID string `json:"webhook_id"`
	JobID     string `json:"job_id"`
	Timestamp string `json:"timestamp"`
	body      []byte
}

func mac(key, content []byte) []byte {
	hash := hmac.New(sha256.New, key)
	hash.Write(content)
	return hash.Sum(nil)
}

// The simple way: X-Webhook-Signature is the HMAC-SHA256 of the body in hexadecimal, its key the
// characters of the secret.
func verifySignature(secret string, body []byte, signature string) bool {
	given, err := hex.DecodeString(signature)
	return err == nil && hmac.Equal(given, mac([]byte(secret), body))
}

// The other way, Standard Webhooks 1.0: id and time are signed along with the body. Several
// signatures stand there while a secret is being rotated; one of them has to be right.
func verifyStandardWebhook(secret string, headers http.Header, body []byte) bool {
	key := []byte(secret)
	if rest := strings.TrimPrefix(secret, "whsec_"); rest != secret {
		if decoded, err := base64.StdEncoding.DecodeString(rest); err == nil {
			key = decoded
		}
	}
	head := headers.Get("webhook-id") + "." + headers.Get("webhook-timestamp") + "."
	expected := mac(key, append([]byte(head), body...))
	right := false
	for _, one := range strings.Split(headers.Get("webhook-signature"), " ") {
		given, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(one, "v1,"))
		if err == nil && strings.HasPrefix(one, "v1,") && hmac.Equal(given, expected) {
			right = true
		}
	}
	return right
}

func isTimestampValid(timestamp string) bool {
	moment, err := time.Parse(time.RFC3339, timestamp)
	if err != nil {
		return false
	}
	difference := time.Since(moment)
	return -tolerance <= difference && difference <= tolerance
}

// Events are those that were acknowledged: a file of JSON lines, and the set of their ids.
type Events struct {
	mutex sync.Mutex
	file  *os.File
	size  int64
	known map[string]bool
}

func openEvents(path string) (*Events, error) {
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	text, err := io.ReadAll(file)
	if err != nil {
		return nil, err
	}
	events := &Events{file: file, known: map[string]bool{}}
	// A last line without its end was cut off by a crash, and never acknowledged.
	events.size = int64(bytes.LastIndexByte(text, '\n') + 1)
	for _, line := range bytes.Split(text[:events.size], []byte{'\n'}) {
		var event Event
		if json.Unmarshal(line, &event) == nil {
			events.known[event.WebhookID] = true
		}
	}
	return events, nil
}

// Returns false when the event was here before. When it returns true the event is on disk.
func (events *Events) add(event Event) (bool, error) {
	var line bytes.Buffer
	if err := json.Compact(&line, event.body); err != nil {
		return false, err
	}
	line.WriteByte('\n')
	events.mutex.Lock()
	defer events.mutex.Unlock()
	if events.known[event.WebhookID] {
		return false, nil
	}
	// At the place where the last whole line ends, whatever a write that failed has left there.
	if _, err := events.file.WriteAt(line.Bytes(), events.size); err != nil {
		return false, err
	}
	if err := events.file.Sync(); err != nil {
		return false, err
	}
	events.size += int64(line.Len())
	events.known[event.WebhookID] = true
	return true, nil
}

// Here your work begins. It is called once for each event, after the sender has its answer.
func handle(event Event) {
	var data struct {
		Summary         struct{ Total, Valid int }
		DownloadURL     string  `json:"download_url"`
		ErrorCode       string  `json:"error_code"`
		ErrorMessage    string  `json:"error_message"`
		PercentComplete float64 `json:"percent_complete"`
	}
	if err := json.Unmarshal(event.body, &data); err != nil {
		log.Printf("event %s: %v", event.WebhookID, err)
		return
	}
	switch event.Type {
	case "bulk.completed":
		fmt.Printf("job %s: %d of %d valid\n", event.JobID, data.Summary.Valid, data.Summary.Total)
		fmt.Printf("  results: %s\n", data.DownloadURL)
	case "bulk.failed":
		fmt.Printf("job %s failed: %s, %s\n", event.JobID, data.ErrorCode, data.ErrorMessage)
	case "bulk.progress":
		fmt.Printf("job %s: %v %% done\n", event.JobID, data.PercentComplete)
	default:
		fmt.Printf("event %s\n", event.Type)
	}
}

type receiver struct {
	secret string
	events *Events
	work   chan Event
}

func refuse(status int, why string) (int, map[string]any) {
	return status, map[string]any{"error": why}
}

// receive answers status and object.
func (r *receiver) receive(headers http.Header, body []byte) (int, map[string]any) {
	signature := headers.Get("X-Webhook-Signature")
	if signature == "" {
		return refuse(http.StatusUnauthorized, "Missing signature")
	}
	if !verifySignature(r.secret, body, signature) {
		return refuse(http.StatusUnauthorized, "Invalid signature")
	}
	if headers.Get("webhook-signature") != "" && !verifyStandardWebhook(r.secret, headers, body) {
		return refuse(http.StatusUnauthorized, "Invalid signature")
	}
	event := Event{body: body}
	if json.Unmarshal(body, &event) != nil || event.WebhookID == "" {
		return refuse(http.StatusBadRequest, "Invalid JSON")
	}
	if !isTimestampValid(event.Timestamp) {
		return refuse(http.StatusBadRequest, "Invalid timestamp")
	}
	isNew, err := r.events.add(event)
	if err != nil {
		log.Print(err)
		return refuse(http.StatusServiceUnavailable, "Temporarily unavailable; send it again")
	}
	if !isNew {
		return http.StatusOK, map[string]any{"received": true, "duplicate": true}
	}
	r.work <- event
	return http.StatusOK, map[string]any{"received": true}
}

func (r *receiver) ServeHTTP(response http.ResponseWriter, request *http.Request) {
	status, value := refuse(http.StatusMethodNotAllowed, "Method not allowed")
	if request.Method == http.MethodPost {
		body, err := io.ReadAll(http.MaxBytesReader(response, request.Body, bodyBytesMax))
		if err != nil {
			status, value = refuse(http.StatusRequestEntityTooLarge, "Payload too large")
		} else {
			status, value = r.receive(request.Header, body)
		}
	}
	response.Header().Set("Content-Type", "application/json")
	response.WriteHeader(status)
	json.NewEncoder(response).Encode(value)
}

func environment(name, otherwise string) string {
	if value := os.Getenv(name); value != "" {
		return value
	}
	return otherwise
}

func main() {
	secret := os.Getenv("WEBHOOK_SECRET")
	if secret == "" {
		fmt.Fprintln(os.Stderr,
			"set WEBHOOK_SECRET to the secret that the registration of the webhook gave")
		os.Exit(2)
	}
	events, err := openEvents(environment("EVENTS_FILE", "events.jsonl"))
	if err != nil {
		log.Fatal(err)
	}
	r := &receiver{secret: secret, events: events, work: make(chan Event, queueLength)}
	go func() {
		for event := range r.work {
			handle(event)
		}
	}()
	place := net.JoinHostPort(environment("HOST", "127.0.0.1"), environment("PORT", "3000"))
	listener, err := net.Listen("tcp", place)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("listening on http://%s/\n", listener.Addr())
	server := &http.Server{Handler: r, ReadTimeout: 15 * time.Second}
	log.Fatal(server.Serve(listener))
}

<?php
// A webhook receiver for verihook in plain PHP, without dependencies.
//
//   WEBHOOK_SECRET=whsec_… php receiver.php             listens on http://127.0.0.1:3000/
//   PORT=0 HOST=0.0.0.0 EVENTS_FILE=events.jsonl        other places; 0 takes a free port
//
// Under a web server it is the script of the webhook's URL, with the same environment.
//
// What it shows, in the order in which it matters:
//   1. The signature is checked over the raw bytes of the body, before anything parses them.
//   2. A body whose timestamp is more than 300 seconds off is refused: it may be a replay.
//   3. An event is written to disk before it is acknowledged, and known by its webhook_id
//      afterwards: deliveries are repeated until one is acknowledged, so each may come twice.
//   4. The work is done after the answer, so that a slow database does not make the sender retry.
declare(strict_types=1);

const BODY_BYTES_MAX = 1024 * 1024;
const TOLERANCE_SECONDS = 300;

/** The simple way: the HMAC-SHA256 of the body in hexadecimal, the secret's text its key. */
function verify_signature(string $secret, string $body, string $signature): bool
{
    return hash_equals(hash_hmac('sha256', $body, $secret), $signature);
}

/**
 * The other way, Standard Webhooks 1.0: id and time are signed along with the body. Several
 * signatures stand there while a secret is being rotated; one of them has to be right.
 */
function verify_standard_webhook(string $secret, string $body): bool
{
    $key = str_starts_with($secret, 'whsec_') ? base64_decode(substr($secret, 6)) : $secret;
    $content = header_of('webhook-id') . '.' . header_of('webhook-timestamp') . '.' . $body;
    $expected = 'v1,' . base64_encode(hash_hmac('sha256', $content, $key, true));
    $right = false;
    foreach (explode(' ', header_of('webhook-signature')) as $one) {
        $right = hash_equals($expected, $one) || $right;
    }
    return $right;
}

function header_of(string $name): string
{
    return $_SERVER['HTTP_' . strtoupper(strtr($name, '-', '_'))] ?? '';
}

function is_timestamp_valid(mixed $timestamp): bool
{
    $moment = is_string($timestamp) ? strtotime($timestamp) : false;
    return $moment !== false && abs(time() - $moment) <= TOLERANCE_SECONDS;
}

/**
 * False when the event was here before. When it returns true the event is on disk, as a line of a
 * file that is locked and searched; with many events it is a table with a unique key on webhook_id.
 */
function add_event(string $path, string $webhook_id, string $body): bool
{
    $file = fopen($path, 'c+') ?: throw new RuntimeException("$path cannot be opened");
    flock($file, LOCK_EX) ?: throw new RuntimeException("$path cannot be locked");
    $end = 0;
    while (($line = fgets($file)) !== false && str_ends_with($line, "\n")) {
        if (json_decode($line)->webhook_id === $webhook_id) {
            return false;
        }
        $end = ftell($file);
    }
    // A last line without its end was cut off by a crash, and never acknowledged.
    ftruncate($file, $end);
    fseek($file, $end);
    $line = strtr($body, "\r\n", '  ') . "\n";  // line ends in JSON are white space
    if (fwrite($file, $line) !== strlen($line) || !fsync($file)) {
        ftruncate($file, $end);
        throw new RuntimeException("$path cannot be written");
    }
    return true;
}

/** Here your work begins. It is called once for each event, after the sender has its answer. */
function handle(array $event): void
{
    $job = $event['job_id'] ?? '';
    $counts = $event['summary'] ?? [];
    error_log(match ($event['event_type'] ?? '') {
        'bulk.completed' => "job $job: {$counts['valid']} of {$counts['total']} valid; results: "
            . $event['download_url'],
        'bulk.failed' => "job $job failed: {$event['error_code']}, {$event['error_message']}",
        'bulk.progress' => "job $job: {$event['percent_complete']} % done",
        default => 'event ' . ($event['event_type'] ?? ''),
    });
}

function answer(int $status, array $value): void
{
    $body = json_encode($value);
    http_response_code($status);
    header('Content-Type: application/json');
    header('Content-Length: ' . strlen($body));
    echo $body;
}

/** The event when it is new and stored; the request is answered in any case. */
function receive(string $secret): ?array
{
    $body = file_get_contents('php://input', length: BODY_BYTES_MAX + 1);
    $signature = header_of('X-Webhook-Signature');
    $refuse = function (int $status, string $error): ?array {
        answer($status, ['error' => $error]);
        return null;
    };
    return match (true) {
        $_SERVER['REQUEST_METHOD'] !== 'POST' => $refuse(405, 'Method not allowed'),
        strlen($body) > BODY_BYTES_MAX => $refuse(413, 'Payload too large'),
        $signature === '' => $refuse(401, 'Missing signature'),
        !verify_signature($secret, $body, $signature),
        header_of('webhook-signature') !== '' && !verify_standard_webhook($secret, $body)
            => $refuse(401, 'Invalid signature'),
        default => store($body, $refuse),
    };
}

function store(string $body, callable $refuse): ?array
{
    $event = json_decode($body, true);
    if (!is_array($event) || !is_string($event['webhook_id'] ?? null)) {
        return $refuse(400, 'Invalid JSON');
    }
    if (!is_timestamp_valid($event['timestamp'] ?? null)) {
        return $refuse(400, 'Invalid timestamp');
    }
    $is_new = add_event(getenv('EVENTS_FILE') ?: 'events.jsonl', $event['webhook_id'], $body);
    answer(200, $is_new ? ['received' => true] : ['received' => true, 'duplicate' => true]);
    return $is_new ? $event : null;
}

$secret = getenv('WEBHOOK_SECRET');
if (!$secret) {
    error_log('set WEBHOOK_SECRET to the secret that the registration of the webhook gave');
    exit(2);
}
if (PHP_SAPI === 'cli') {
    $place = (getenv('HOST') ?: '127.0.0.1') . ':' . (getenv('PORT') ?: '3000');
    pcntl_exec(PHP_BINARY, ['-d', 'display_errors=stderr', '-S', $place, __FILE__]);
}
try {
    $event = receive($secret);
} catch (RuntimeException $problem) {
    error_log($problem->getMessage());
    answer(503, ['error' => 'Temporarily unavailable; send it again']);
    exit;
}
// The answer leaves before the work begins.
function_exists('fastcgi_finish_request') ? fastcgi_finish_request() : flush();
if ($event !== null) {
    handle($event);
}

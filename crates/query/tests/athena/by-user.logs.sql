SELECT request_id AS requestid, bytes_sent AS bytessent, object_size AS objectsize
FROM logs WHERE requester = 'arn:aws:iam::111122223333:user/emre.meyer3'

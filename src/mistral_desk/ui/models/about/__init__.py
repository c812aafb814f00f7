"""The page of one model: everything its record says, beside what the files say and what this computer can do."""
